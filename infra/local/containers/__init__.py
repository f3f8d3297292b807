"""The container functions as processes of this machine, invoked over HTTP by the emulator.

container_server  HTTP server: one request is one invocation
worker_pool       the worker processes of one function
worker_process    the program of a worker process
"""
