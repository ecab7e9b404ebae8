"""Words for people. A catalogue maps message ids to texts; the rest of the program knows the ids only."""

from terminal_app.i18n.catalogue import Catalogue, catalogue_of
from terminal_app.i18n.message_ids import MessageId
from terminal_app.screen_model import Language

__all__ = ["Catalogue", "Language", "MessageId", "catalogue_of"]
