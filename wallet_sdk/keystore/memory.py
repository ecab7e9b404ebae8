"""Private keys that live as long as the process."""

from wallet_sdk.keystore.names import check_new_name, draw_secret, no_such_key
from wallet_sdk.ports import Random
from wallet_sdk.protocol.ids import PublicKeyBytes
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.system import SystemRandom


class MemoryKeyStore:
    """Keys that live as long as the process."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or SystemRandom()
        self._signers: dict[str, SoftwareSigner] = {}

    def __repr__(self) -> str:
        return f"MemoryKeyStore(names={self.names()})"

    def create(self, name: str) -> PublicKeyBytes:
        """Make and keep a key.

        Raises:
            MisuseError: BAD_ARGUMENT for a name that is taken, empty or too long.
        """
        check_new_name(name, taken=self._signers)
        self._signers[name] = SoftwareSigner(draw_secret(self._random))
        return self._signers[name].public_key

    def signer(self, name: str) -> SoftwareSigner:
        """The signer of a name.

        Raises:
            MisuseError: BAD_ARGUMENT when there is no such key.
        """
        signer = self._signers.get(name)
        if signer is None:
            raise no_such_key()
        return signer

    def delete(self, name: str) -> None:
        self._signers.pop(name, None)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._signers))
