"""People: users, their groups, their API tokens.

::

    requesters.py      turn the token of a request into a requester (two reads, on every request)
    request_limits.py  how many requests a token may send, and its last use
    render_limits.py   how many pictures are made for a user
    users.py           create, find and list users; create the first administrator
    profiles.py        change the details of users; one's own profile and preferences
    roles.py           SkyPortal's roles and their ACLs; what a user was granted
    permissions.py     grant ACLs and roles, and revoke them, from tokens too
    administrators.py  system administrators: who changes them, and that one remains
    user_deletion.py   delete a user with their memberships and tokens
    groups.py          create, find and change groups; who may change them; the groups of records
    group_members.py   add, change and remove members of a group
    group_deletion.py  delete a group with any number of members
    api_tokens.py      create, list and revoke tokens
"""

from chalicelib.people.groups import load_groups_json
from chalicelib.people.requesters import authenticate, load_requester
from chalicelib.people.users import ensure_administrator

__all__ = ["authenticate", "ensure_administrator", "load_groups_json", "load_requester"]
