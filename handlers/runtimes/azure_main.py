"""The file that the Functions host starts from; it lies in the bundle's root as function_app.py."""

from handlers.runtimes.azure import function_app

app = function_app()
