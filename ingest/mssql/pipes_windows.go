package mssql

// The driver learns of named pipes and shared memory by these imports. Elsewhere there are none, and a setting that
// asks for them is refused.
import (
	_ "github.com/microsoft/go-mssqldb/namedpipe"
	_ "github.com/microsoft/go-mssqldb/sharedmemory"
)
