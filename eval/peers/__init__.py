"""What a user would pick instead, over the same source and questions: one file a system, all behind protocol.py."""
