"""API keys."""

from typing import Final

from server_stub.store.callers import ApiKey, ApiKeyId, Scope
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Index, Table
from wallet_sdk.protocol.ids import MerchantId

#: A merchant's keys; 0 is the operator.
KEYS_OF: Final = Index[int, ApiKey](columns=numbers("merchant_id"), of=lambda key: key.merchant_id or 0)
API_KEYS: Final = Table[ApiKeyId, ApiKey](
    name="api_keys",
    columns=texts("id")
    + bytes_("secret_hash")
    + numbers("merchant_id")
    + texts("scopes", "label")
    + numbers("made_at_s", "revoked_at_s"),
    key_of=lambda key: key.key_id,
    row_of=lambda key: (
        key.key_id,
        key.secret_hash,
        key.merchant_id or 0,
        " ".join(scope.value for scope in key.scopes),
        key.label,
        key.made_at_s,
        key.revoked_at_s,
    ),
    record_of=lambda row: ApiKey(
        key_id=ApiKeyId(row[0]),
        secret_hash=row[1],
        merchant_id=MerchantId(row[2]) if row[2] else None,
        scopes=tuple(Scope(name) for name in row[3].split()),
        label=row[4],
        made_at_s=row[5],
        revoked_at_s=row[6],
    ),
    indexes=(KEYS_OF,),
)
