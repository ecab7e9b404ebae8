"""Settings of the till: read from the journal, changed by a fact in it."""

from collections.abc import Mapping

from terminal_app.journal import Journal, Views
from terminal_app.journal.office_events import SettingChanged
from terminal_app.sale import TillTime
from terminal_app.settings import KINDS, Settings, changed, settings_from, text_of


def settings_of(views: Views) -> Settings:
    """The settings as they are now."""
    return settings_from(views.office.setting_texts)


def take_settings(journal: Journal, texts: Mapping[str, str], *, time: TillTime) -> None:
    """Take settings over from another journal; what was set here before stays.

    Raises:
        UnavailableError: STORAGE_FAILED.
    """
    for name, text in texts.items():
        if name in KINDS and name not in journal.views.office.setting_texts:
            journal.append(SettingChanged(name=name, text=text), at_s=time.event_s())


def change_setting(journal: Journal, name: str, text: str, *, time: TillTime) -> Settings:
    """Change one setting, durably. The same value again writes nothing.

    Raises:
        MisuseError: BAD_ARGUMENT, its `param` the setting's name.
        UnavailableError: STORAGE_FAILED; the setting is as it was.
    """
    before = settings_of(journal.views)
    after = changed(before, name, text)
    if after != before:
        journal.append(SettingChanged(name=name, text=text_of(after, name)), at_s=time.event_s())
    return after
