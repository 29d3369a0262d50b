"""What can happen next and by whom, and doing it in two steps."""
