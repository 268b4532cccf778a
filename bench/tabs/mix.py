"""The pages that bench/tabs opens, below the folder that scripts/pages fills."""

import os

FILES = {
    "blank": "blank/index.html",
    "small": "py/tutorial/whatnow.html",
    "sbadmin": "sbadmin/index.html",
    "todo": "todo/index.html",
    "os": "py/library/os.html",
    "index": "py/genindex-all.html",
    "swagger": "swagger/index.html",
}

MIX = ("sbadmin", "todo", "os", "index", "swagger")


def page(folder, name):
    return os.path.join(os.path.abspath(folder), FILES[name])
