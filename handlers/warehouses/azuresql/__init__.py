"""Azure's own warehouse: tables in Azure SQL Database, reached by Microsoft's driver."""
