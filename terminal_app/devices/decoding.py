"""The decoder cascade, where the terminal looks for it. The wallet needs the same one, so it lives in wallet_sdk."""

from wallet_sdk.decoding import Decoder, GreyFrame, available_decoders, decode_codes

__all__ = ["Decoder", "GreyFrame", "available_decoders", "decode_codes"]
