"""verl as a second engine: queries in its Parquet form, our reward and credit at its own hooks."""
