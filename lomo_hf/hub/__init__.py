"""The Hugging Face Hub: its client, the names of repositories, when a call is made again, what a message may show."""
