// Package hta is the monitor for the logon screen: one HTML Application that shows the .evt file which DS delivers, and
// the files that may lie beside it. docs/monitor.md tells what it shows and how it is set up.
//
// The monitor is written in src, one script after the other, and in languages; JobMon.hta is what they make together.
// After a change of either: go generate ./client/hta.
package hta

import (
	"embed"
	"io/fs"
)

//go:generate go test -run ^TestAssembled$ -update

//go:embed JobMon.hta JobMon.ini languages/*.txt
var files embed.FS

// The names of the files that a folder of the monitor holds.
const (
	Monitor  = "JobMon.hta" // the monitor, complete in itself
	Settings = "JobMon.ini" // optional settings, all of them commented out
)

// How the monitor is ended, unless its settings say otherwise: a file of this name beside it, at which it looks every
// five seconds and a little more on a busy computer.
const (
	StopFile    = "JobMon.stop"
	StopSeconds = 6
)

// Files holds the monitor and what may lie beside it, at the same paths: Monitor, Settings, and languages/xx.txt with
// the words of each language. The monitor has them all built in; it needs a language file only where somebody has
// changed words. All of them are ASCII or UTF-8, with lines that end in LF.
func Files() fs.FS { return files }
