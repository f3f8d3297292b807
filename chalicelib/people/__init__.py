"""People: users, the groups that they are in, the tokens that they come with.

::

    requesters.py      a request's token becomes a requester (every request passes here)
    users.py           adding, reading and listing users; the first administrator
    shared_groups.py   making, reading and changing groups, and who may do so
    group_removal.py   deleting a group, however many are in it
    members.py         who is in a group
    sharing.py         the groups of records, as their readers see them
    tokens.py          making, listing and dropping tokens
"""

from chalicelib.people.groups import load_groups_json
from chalicelib.people.requesters import authenticate, load_requester
from chalicelib.people.users import ensure_administrator

__all__ = ["authenticate", "ensure_administrator", "load_groups_json", "load_requester"]
