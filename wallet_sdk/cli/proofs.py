"""What a proof says, in plain words. Needs the root key, and nothing else: no wallet, no server."""

from datetime import UTC, datetime

from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.evidence import CLOSING_COUNTER, Contradiction, verify_fraud_proof
from wallet_sdk.protocol.ids import Counter, PublicKeyBytes
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.trust import verify_bundle, verify_receipt


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
    message = verify_receipt(receipt, verify_bundle(bundle, root_key=root_key)).message
    at = datetime.fromtimestamp(message.at_s, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    verdict = f"the operator says this payment is {message.state.name}"
    return [
        f"PROVEN: {verdict}.",
        f"Amount:       {message.amount}",
        f"At:           {at}",
        f"Request:      {message.request_id.hex()}",
        f"Consent:      {message.consent_digest.hex()}",
        f"Uncovered is borne by the {'operator' if message.liability is Liability.OPERATOR else 'merchant'}.",
    ]


def _place(counter: Counter) -> str:
    return "as the closing sum" if counter == CLOSING_COUNTER else f"counter {counter}"
