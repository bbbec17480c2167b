"""The doors on the network: one FastAPI application, the Gradio chat mounted in it, one engine behind both."""
