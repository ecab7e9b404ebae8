"""A presented code that changes: which one to show, and which ones may still be used."""

from typing import Final

from wallet_sdk.protocol import limits
from wallet_sdk.store import ConsentKind, Outcome
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.paying import present_code
from wallet_sdk.wallet.views import Payment, PresentedCode

#: Half of a code's life: whoever begins to scan a code still has as long again to claim it.
ROTATE_AFTER_S: Final = limits.CODE_LIFETIME_S_MAX // 2


class Rotation:
    """The codes shown so far, newest last."""

    def __init__(self, parts: Parts, *, ceiling_minor: int | None) -> None:
        self._parts = parts
        self._ceiling_minor = ceiling_minor
        self._codes: list[PresentedCode] = []

    def shown(self) -> PresentedCode:
        """The newest, or a new one when that is 30 seconds old."""
        now_s = self._parts.now_s()
        if not self._codes or now_s >= self._codes[-1].expires_at_s - ROTATE_AFTER_S:
            # What the issuer takes no more is left to sync: it must not be asked about for ever.
            oldest_s = now_s - limits.CODE_SKEW_S_MAX - limits.CODE_LIFETIME_S_MAX
            self._codes = [code for code in self._codes if code.expires_at_s > oldest_s]
            self._codes.append(present_code(self._parts, ceiling_minor=self._ceiling_minor))
        return self._codes[-1]

    def live(self) -> tuple[PresentedCode, ...]:
        """Those that may have been used, oldest first."""
        return tuple(self._codes)

    def is_newest(self, code: PresentedCode) -> bool:
        """Whether it is the one on the screen."""
        return code == self._codes[-1]

    def is_used_by(self, payment: Payment) -> bool:
        """Whether a terminal made something of the code: money, or a refusal."""
        return payment.kind is ConsentKind.CODE and payment.outcome in {Outcome.SETTLED, Outcome.DECLINED}
