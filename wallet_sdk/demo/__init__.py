"""A phone-like demo wallet in Kivy, an example of using the SDK: `python -m wallet_sdk.demo`. Nothing imports it."""
