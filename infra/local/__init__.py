"""Heliograph on one machine: ``python -m infra.local run``, ``start``, ``stop``, ``status``.

stack.py           what starts and ends, in which order
settings.py        ports and places
emulator.py        the emulated AWS, a child process
saved_state.py     what changes in its saved state before it starts again
deployment.py      both halves of Heliograph, deployed to it
api_completion.py  what it leaves out of the API
containers/        the fitter's container functions as processes
front_door/        the web app and the API on one port
control.py         starting and stopping from elsewhere; the fixture of the end-to-end tests
lifeline.py        no process outlives the stack
pidfile.py         one stack to one state
ports.py           who holds a port
"""
