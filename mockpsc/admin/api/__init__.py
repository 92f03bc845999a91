"""How the admin API is declared: an `Operation` says what is asked, what is answered, and which function does it.

`reading` reads requests, `problems` refuses them, `routing` makes the routes of a table of operations, and `openapi`
its document. The operations themselves are in `mockpsc.admin.operations`.
"""

from mockpsc.admin.api.operation import Operation, PathParameter
from mockpsc.admin.api.problems import Problem, not_found, refused

__all__ = ["Operation", "PathParameter", "Problem", "not_found", "refused"]
