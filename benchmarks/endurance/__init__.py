"""What a gateway has to bear: senseless messages, killed processes, greedy peers, and everybody at once."""
