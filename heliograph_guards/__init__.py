"""What the app, the fitter and the Python package share: guards of what comes in and of what goes out.

They import the standard library only, `egress_guard` also requests and urllib3. The app's zip holds this package by the
link in ``vendor/``, which Chalice follows.

- plausible_values: the range of each kind of value
- egress_guard: the transport of outgoing requests: checked addresses, one deadline
- egress_policy: which hosts may be called
- address_ranges: which IP addresses are public
"""
