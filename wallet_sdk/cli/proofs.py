"""What a proof says, in plain words. Needs the root key, and nothing else: no wallet, no server."""

from datetime import UTC, datetime

from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.evidence import CLOSING_COUNTER, Contradiction, verify_fraud_proof
from wallet_sdk.protocol.ids import Counter, Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.trust import verify_bundle, verify_receipt
from wallet_sdk.wallet import ProvenReceipt, SavedReceipt


def explain_fraud(proof: bytes, *, root_key: PublicKeyBytes) -> list[str]:
    """Verify a double-spend proof and say what it proves.

    Raises:
        MalformedMessageError: not a proof.
        RuleViolationError: it proves nothing: a broken chain or signature, or both consents can be honest.
    """
    finding = verify_fraud_proof(proof, root_key=root_key)
    first, second = (Money(minor=amount, currency=finding.currency) for amount in finding.amounts_minor)
    what = {
        Contradiction.SAME_COUNTER: "It signed two different consents with one and the same counter.",
        Contradiction.SUM_FELL: "Its later consent starts from a smaller sum than the earlier one had reached.",
        Contradiction.UNDERSTATED_CLOSING: "It closed the token at a smaller sum than it had signed, or signed after.",
    }[finding.contradiction]
    return [
        "PROVEN: one device spent twice.",
        f"Device key:   {finding.device_key.hex()} (key id {key_id_of(finding.device_key).hex()})",
        f"Token:        {finding.token_id.hex()}",
        f"It signed:    {first} ({_place(finding.counters[0])}) and {second} ({_place(finding.counters[1])})",
        what,
        "An honest wallet raises its counter before each signature, and its sum never falls. Both signatures,",
        "the token they embed and the operator key that signed it verify under the root key given.",
    ]


def explain_receipt(receipt: bytes, *, bundle: bytes, root_key: PublicKeyBytes) -> list[str]:
    """Verify an operator's receipt with a trust bundle and say what it proves.

    Raises:
        MalformedMessageError: not a receipt, or not a bundle.
        RuleViolationError: a broken chain or signature.
    """
    saved = SavedReceipt(receipt=Envelope(receipt), bundle=Envelope(bundle))
    message = verify_receipt(receipt, verify_bundle(bundle, root_key=root_key)).message
    borne_by = "operator" if message.liability is Liability.OPERATOR else "merchant"
    return [*_lines_of(saved.verify(root_key=root_key)), f"Uncovered is borne by the {borne_by}."]


def explain_saved(content: bytes, *, root_key: PublicKeyBytes) -> list[str]:
    """Verify a saved receipt, which brings its own proof, and say what it proves.

    Raises:
        MalformedMessageError: not a saved receipt.
        RuleViolationError: a broken chain or signature.
    """
    return _lines_of(SavedReceipt.parse(content).verify(root_key=root_key))


def _lines_of(proven: ProvenReceipt) -> list[str]:
    who = "the merchant's terminal" if proven.by_terminal else "the operator"
    at = datetime.fromtimestamp(proven.at_s, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return [
        f"PROVEN: {who} says this payment is {proven.state.name}.",
        *([f"Merchant:     {proven.merchant_name}"] if proven.merchant_name else []),
        f"Amount:       {proven.amount}",
        f"At:           {at}",
        f"Request:      {proven.request_id.hex()}",
        f"Consent:      {proven.consent_digest.hex()}",
    ]


def _place(counter: Counter) -> str:
    return "as the closing sum" if counter == CLOSING_COUNTER else f"counter {counter}"
