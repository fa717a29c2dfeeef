"""What keeps a process running: settings, logging, metrics, Faust app, dead letters, our own Kafka."""
