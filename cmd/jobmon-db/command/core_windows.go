package command

// noCoreDump has nothing to do: Windows keeps the memory of a process that crashes only where an administrator has asked
// for it (LocalDumps), and Go's own end of a program asks for none.
func noCoreDump() error { return nil }
