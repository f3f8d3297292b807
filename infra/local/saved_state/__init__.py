"""The emulator's state on disk: what it answered is written before the answer leaves.

durable_answers      the ASGI application that holds an answer until its changes are written
emulator_state       loads and saves the whole state
object_files         objects of buckets: files of MiniStack's own
older_stacks         splits the stack of an earlier version, which held everything
run_record           what a run that was killed has left
service_definitions  functions, APIs, tables, keys, secrets: written whole
sqs_messages         messages of queues, written one by one
state_changes        what changed since the last write
state_file           the SQLite file
table_items          items of tables, written one by one
"""
