"""One presenter for all languages: the snapshot says which one."""

from datetime import tzinfo

from terminal_app.core import Place, Side, Snapshot
from terminal_app.i18n import Language, catalogue_of
from terminal_app.presenter.customer_view import customer_view
from terminal_app.presenter.office_screens import OfficeScreens
from terminal_app.presenter.sale_screens import SaleScreens
from terminal_app.presenter.wording import Wording, appearance_of
from terminal_app.screen_model import ScreenModel


class Presenter:
    """Puts snapshots into words, and times into one time zone: None is the machine's own."""

    def __init__(self, *, zone: tzinfo | None) -> None:
        self._zone = zone
        self._screens: dict[Language, tuple[Wording, SaleScreens, OfficeScreens]] = {}

    def present(self, snapshot: Snapshot) -> ScreenModel:
        """The whole screen for this moment."""
        language = appearance_of(snapshot.settings).language
        if language not in self._screens:
            wording = Wording(catalogue_of(language), zone=self._zone)
            self._screens[language] = (wording, SaleScreens(wording), OfficeScreens(wording))
        wording, sale_screens, office_screens = self._screens[language]
        crew = snapshot.crew
        if snapshot.office is not None:
            return office_screens.page(snapshot, snapshot.office)
        if snapshot.place in {Place.KEYPAD, Place.ENROL} and crew is not None and crew.role is None:
            return office_screens.sign_in(snapshot, crew)
        match snapshot.side:
            case Side.CASHIER:
                return sale_screens.present(snapshot)
            case Side.CUSTOMER:
                return customer_view(wording, snapshot, sale_screens.present(snapshot))
            case Side.ASKING:
                return office_screens.turn_back(snapshot)
