package mssql

// Bound sets the bounds of one answer.
func (s *Source) Bound(rows, bytes uint64) { s.bounds = bounds{rows, bytes} }
