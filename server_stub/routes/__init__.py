"""HTTP in and out, and nothing else: one table of operations, and the edge that every request passes.

edge        number, limits, measures and the last word on every answer
dispatch    a row of the table as an ASGI endpoint: body, query, credentials in; JSON or a problem out
operations  what a row is      devices, operations_of ...  the rows
openapi     the same table as an OpenAPI 3.1 document
"""

from server_stub.routes.app import create_app
from server_stub.routes.desk import Desk

__all__ = ["Desk", "create_app"]
