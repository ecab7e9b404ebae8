"""Settings of the till: read from the journal, changed by a fact in it."""

from terminal_app.journal import Journal, Views
from terminal_app.journal.office_events import SettingChanged
from terminal_app.sale import TillTime
from terminal_app.settings import Settings, changed, settings_from, text_of


def settings_of(views: Views) -> Settings:
    """The settings as they are now."""
    return settings_from(views.office.setting_texts)


def change_setting(journal: Journal, name: str, text: str, *, time: TillTime) -> Settings:
    """Change one setting, durably. The same value again writes nothing.

    Raises:
        MisuseError: BAD_ARGUMENT, its `param` the setting's name.
        UnavailableError: STORAGE_FAILED; the setting is as it was.
    """
    before = settings_of(journal.views)
    after = changed(before, name, text)
    if after != before:
        journal.append(SettingChanged(name=name, text=text_of(after, name)), at_s=time.journal_s())
    return after
