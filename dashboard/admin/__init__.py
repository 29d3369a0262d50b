"""The administrator's page: users, cameras, bridges, and what runs. Read only."""
