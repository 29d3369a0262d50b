"""What people may do, one module per family, without HTTP and without Dash.

The API's routes and the pages' callbacks both call these functions, so that the same rules hold whichever way somebody
comes. Each takes an `Actor`: a user within a transaction (`Services.acting`).
"""
