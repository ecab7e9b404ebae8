"""A page of the back office with what the journal says now."""

from dataclasses import replace

from terminal_app.core.office_view import OfficeView
from terminal_app.journal import Views
from terminal_app.office.carry_folder import CarryFolder
from terminal_app.office_commands import Page
from terminal_app.reports import queue_view, search
from terminal_app.settings import Settings


def filled_page(view: OfficeView, *, views: Views, settings: Settings, folder: CarryFolder, at_s: int) -> OfficeView:
    """The same page, made anew. `at_s` is the journal's time."""
    filled = replace(view, settings=settings, z_numbers=tuple(views.office.closings))
    match view.page:
        case Page.HISTORY:
            return replace(filled, entries=search(views.history.values(), view.query))
        case Page.CARRIED:
            return replace(filled, place=str(folder.path), files=folder.files())
        case Page.QUEUE:
            return replace(filled, queue=queue_view(views, at_s=at_s))
        case Page.SALE:
            return _filled_sale(filled, views)
        case _:
            return filled


def _filled_sale(view: OfficeView, views: Views) -> OfficeView:
    if view.entry is None:
        return view
    request_id = view.entry.request_id
    return replace(
        view,
        entry=views.history.get(request_id, view.entry),
        sale=views.sales.get(request_id),
        refunds=views.office.refunds_for(request_id),
    )
