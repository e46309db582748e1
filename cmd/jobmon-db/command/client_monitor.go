package command

import (
	"embed"

	"github.com/jobmon-db/jobmon-db/client/pack"
)

// monitor is the screen that is packed and shown. Its own files are not part of the program yet.
func monitor() pack.Monitor {
	return pack.Monitor{Files: embed.FS{}, SettingsFile: "JobMon.ini", StopFile: "JobMon.stop", StopSeconds: 6, Start: "JobMon.hta"}
}
