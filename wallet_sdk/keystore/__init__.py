"""Private keys by name: they are asked to sign, and never given out.

In memory, in one encrypted file, or in the operating system's keyring. A secure element has a place here too: whatever
implements ``KeyStore`` and signs a digest will do; docs/sdk/key-custody.md has a working example.
"""

from wallet_sdk.keystore.file import FILE_BYTES_MAX, EncryptedFileKeyStore, ScryptCost
from wallet_sdk.keystore.keyring import KeyringKeyStore
from wallet_sdk.keystore.memory import MemoryKeyStore

__all__ = ["FILE_BYTES_MAX", "EncryptedFileKeyStore", "KeyringKeyStore", "MemoryKeyStore", "ScryptCost"]
