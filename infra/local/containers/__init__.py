"""The container functions as processes of this machine, invoked over HTTP by the emulator.

server.py  HTTP in, one invocation each, the handler's answer out
pool.py    the worker processes of one function: one invocation at a time, replaced when they die
worker.py  what runs in a worker process
frames.py  how the two talk through a pipe
"""
