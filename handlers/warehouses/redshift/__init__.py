"""AWS's own warehouse: tables in Redshift Serverless, reached by its Data API."""
