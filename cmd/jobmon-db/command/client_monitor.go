package command

import (
	"github.com/jobmon-db/jobmon-db/client/hta"
	"github.com/jobmon-db/jobmon-db/client/pack"
)

// monitor is the screen that is packed and shown.
func monitor() pack.Monitor {
	return pack.Monitor{Files: hta.Files(), SettingsFile: hta.Settings, StopFile: hta.StopFile,
		StopSeconds: hta.StopSeconds, Start: hta.Monitor}
}
