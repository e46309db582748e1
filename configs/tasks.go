package configs

import (
	"embed"
	"io/fs"
)

//go:embed tasks
var tasks embed.FS

// Tasks holds the templates (text/template, *.tmpl) of the texts that `client pack` writes: what to paste into the
// tasks of DS jobs. client/pack says what they are given.
func Tasks() (fs.FS, error) { return fs.Sub(tasks, "tasks") }
