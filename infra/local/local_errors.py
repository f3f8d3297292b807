"""Errors of the local stack; each message says what is wrong and what to do."""


class LocalStackError(RuntimeError):
    """The local stack cannot do what a command asks for."""


class AlreadyRunningError(LocalStackError):
    """Another process uses the state folder."""


class PortTakenError(LocalStackError):
    """Another process holds a port of the stack."""


class SettingsError(LocalStackError):
    """An environment variable has an unusable value."""


class StackFailedError(LocalStackError):
    """A part of the stack did not start, did not stop, or ended unexpectedly."""


class SavedStateError(LocalStackError):
    """The emulator's state cannot be read, or not be written."""
