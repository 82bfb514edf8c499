"""`make bench`: the intake beside its bare ceiling, acks under load, the owner's first message, start and memory."""
