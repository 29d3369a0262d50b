"""The auditor's page: the newest rows of the audit, and whether its chain holds."""
