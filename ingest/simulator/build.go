package simulator

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Build is the folder of jobs that installs a computer.
type Build struct {
	Monitor jobmon.JobID // the build job, which delivers the monitor and starts it
	Ready   jobmon.JobID // the closing marker
	// all jobs in the order in which the folder is dropped, the build job after each reboot again
	Chain []jobmon.JobID

	named map[string]jobmon.JobID
}

// Named is the build's job of that name, 0 when it has none.
func (b *Build) Named(name string) jobmon.JobID { return b.named[name] }

// Behind returns a chain with more jobs behind the job of that name; the chain as it is when there is none.
func (b *Build) Behind(name string, more ...jobmon.JobID) []jobmon.JobID {
	at := slices.Index(b.Chain, b.Named(name))
	return slices.Insert(slices.Clone(b.Chain), at+1, more...)
}

// Names of jobs in the standard build that scripts refer to.
const (
	AntiVirus       = "Install anti-virus"
	VPNClient       = "Install VPN client"
	OfficeLanguages = "Add Office language packs"
	JavaRuntime     = "Install Java runtime"
	SecurityUpdates = "Install security updates"
	ClosingMarker   = "(JM) Ready"
)

// BuildFolder is where the standard build's jobs are.
const BuildFolder = `Build\Windows 11`

type stage struct {
	marker string
	jobs   []task
}

type task struct {
	name     string
	min, max int // seconds
	script   int // seconds
	reboots  bool
}

// standardBuild lists the stages of a Windows 11 build. With markers, reboots and the server's pauses it takes half
// an hour.
func standardBuild() []stage {
	return []stage{
		{"01. (JM) Configuring computer", []task{
			{name: "Set time zone and power plan", min: 5, max: 15, script: 3},
			{name: "Install chipset and network drivers", min: 100, max: 200, reboots: true},
		}},
		{"02. (JM) Joining the domain", []task{
			{name: "Join domain", min: 30, max: 70, script: 4, reboots: true},
			{name: "Apply group policies", min: 40, max: 90},
		}},
		{"03. (JM) Security", []task{
			{name: AntiVirus, min: 60, max: 120},
			{name: "Update virus definitions", min: 40, max: 80},
			{name: "Turn on disk encryption", min: 30, max: 60},
		}},
		{"04. (JM) VPN client", []task{
			{name: VPNClient, min: 50, max: 90},
			{name: "Import VPN profiles", min: 0, max: 4}, // may be over between two reads
		}},
		{"05. (JM) Office 2024", []task{
			{name: "Remove Office trial", min: 30, max: 70},
			{name: "Install Office 2024", min: 180, max: 300},
			{name: OfficeLanguages, min: 40, max: 90},
		}},
		{"06. (JM) Standard software", []task{
			{name: "Install 7-Zip", min: 8, max: 20},
			{name: "Install PDF reader", min: 30, max: 60},
			{name: "Install web browser", min: 30, max: 60},
			{name: JavaRuntime, min: 25, max: 45},
		}},
		{"07. (JM) Security updates", []task{
			{name: SecurityUpdates, min: 140, max: 260, reboots: true},
			{name: "Install security updates, second pass", min: 50, max: 110},
		}},
		{"08. (JM) Cleaning up", []task{
			{name: "Remove build account"}, // never seen running
			{name: "Report inventory", min: 20, max: 50},
		}},
		{ClosingMarker, nil},
	}
}

// AddStandardBuild makes the jobs of a Windows 11 build in BuildFolder: stages opened by markers, with real jobs
// behind each, three reboots with the build job behind them, and a closing marker.
func AddStandardBuild(ds *DS) *Build {
	b := &Build{named: map[string]jobmon.JobID{}}
	b.Monitor = b.add(ds, "0. Build Job Monitor", Behaviour{Min: 8 * time.Second, Max: 15 * time.Second,
		Script: 3 * time.Second, Monitor: true})
	for _, s := range standardBuild() {
		b.Ready = b.add(ds, s.marker, marker()) // the last one stays
		for _, t := range s.jobs {
			b.add(ds, t.name, Behaviour{
				Script:  time.Duration(t.script) * time.Second,
				Min:     time.Duration(t.min) * time.Second,
				Max:     time.Duration(t.max) * time.Second,
				Reboots: t.reboots,
			})
			if t.reboots {
				b.Chain = append(b.Chain, b.Monitor)
			}
		}
	}
	return b
}

func (b *Build) add(ds *DS, name string, as Behaviour) jobmon.JobID {
	id := ds.AddJob(name, BuildFolder, as)
	b.named[name] = id
	b.Chain = append(b.Chain, id)
	return id
}

// marker is how every marker behaves: a script on the server that asks, a copy task.
func marker() Behaviour {
	return Behaviour{Script: 3 * time.Second, Min: 3 * time.Second, Max: 7 * time.Second, Monitor: true}
}
