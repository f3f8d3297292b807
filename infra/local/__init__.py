"""Heliograph on one machine: ``python -m infra.local run``, ``start``, ``stop``, ``status``.

__main__           the command line
browser_requests   refuses what web pages of other sites send
child_process      child processes that end with the stack
containers         the fitter's container functions as local processes
emulator_process   the process of the emulated AWS
front_door         the web app and the API on one port
local_deployment   deploys both halves of Heliograph to the emulator
local_errors       errors of the local stack
local_stack        starts and stops all parts, in order
ministack_adapter  what depends on the emulator's version: its environment, paths, gaps
port_binding       binds ports, names the process that holds one
private_files      modes of the state's files, which only their owner reads
process_lock       a file lock: one process per state folder
saved_state        writes what the emulator answered to a file, before the answer
stack_control      starts and stops a stack in the background
stack_settings     ports, folders, environment
temporary_files    deletes what functions unpacked
unpacked_code      unpacks the code of functions once for all their processes
"""
