"""The back office of a till, use case by use case: people and PINs, settings, closing the day. No Kivy, no SQL."""

from terminal_app.office.day import close_day
from terminal_app.office.preferences import change_setting, settings_of, take_settings
from terminal_app.office.staff import Staff

__all__ = ["Staff", "change_setting", "close_day", "settings_of", "take_settings"]
