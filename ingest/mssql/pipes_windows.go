package mssql

// These imports give the driver named pipes and shared memory. Elsewhere there are none, and a setting that
// asks for them is refused.
import (
	_ "github.com/microsoft/go-mssqldb/namedpipe"
	_ "github.com/microsoft/go-mssqldb/sharedmemory"
)
