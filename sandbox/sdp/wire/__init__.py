"""From the tenant's records to the JSON that SDP answers with, in the shapes of the vendor's documents. No I/O."""
