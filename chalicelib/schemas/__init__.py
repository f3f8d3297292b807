"""What requests may hold, one module a resource; ``base`` makes the error messages."""
