"""The command line: ``heliograph``.

- commands: the group of all commands, and `main`
- portal_commands: login, sources, upload, start, watch, results, download, open
- service_commands: service run, register, try, lambda
- fit_command: fit, on this machine
- command_output: what commands print, for people or as JSON; exit codes
"""
