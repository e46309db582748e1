package configs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// FileName is the name of the configuration file in the places where it is looked for.
const FileName = "jobmon-db.yaml"

// FileVariable is the environment variable that names the configuration file; it is the only one beside those of
// the keys.
const FileVariable = envPrefix + "CONFIG"

// testPrefix begins the variables that tests are switched on with; they are nobody's mistake.
const testPrefix = envPrefix + "TEST_"

// LoadOptions say what Load reads. Nothing else is read: no environment but Env, no flags but Flags.
type LoadOptions struct {
	// File is the configuration file. When it is empty, FileVariable names the file; failing that, the first that
	// exists of Places is read, and none need exist.
	File string
	// Content, where not nil, is read in place of what File holds: what it would be with that.
	Content []byte
	// Places are the files to look for; nil means StandardPlaces.
	Places []string
	// Env is the environment, as os.Environ gives it. An empty variable counts as not set.
	Env []string
	// Flags are those of AddFlags after parsing; only those that were given on the command line count. May be nil.
	Flags *pflag.FlagSet
}

// given is a value that somebody gave for a key.
type given struct {
	key    *Key
	text   string
	origin Origin
	fault  string // why the file means something else than it says
}

// Load reads the configuration: defaults, overridden by the file, by the environment, by flags. When anything is
// wrong, also with a value that another one overrides, the error is an *Error that lists all of it.
func Load(o LoadOptions) (*Config, error) {
	keys, env := Keys(), environment(o.Env, runtime.GOOS)
	layers, problems := gather(o, keys, env)

	c, v := &Config{File: fileOf(o, env)}, viper.New()
	for _, k := range keys {
		v.SetDefault(k.Name, k.Default)
	}
	origins, bad := map[string]Origin{}, map[string]bool{}
	for _, p := range problems {
		bad[p.Key] = true
	}
	for _, layer := range layers {
		values := map[string]any{}
		for _, g := range layer {
			if p, wrong := g.check(); wrong {
				problems = append(problems, p)
				bad[g.key.Name] = true
			}
			values[g.key.Name] = g.absolute()
			origins[g.key.Name] = g.origin
		}
		if err := v.MergeConfigMap(values); err != nil {
			return nil, fmt.Errorf("put the configuration together: %w", err)
		}
	}

	keys = entryKeys(keys, entriesOf(layers))
	c.keys = keys[len(Keys()):]
	for _, k := range keys {
		if _, isGiven := origins[k.Name]; !isGiven && k.Default == "" {
			continue // complete knows
		}
		if err := k.parse(c, v.GetString(k.Name)); err != nil && !bad[k.Name] {
			return nil, fmt.Errorf("put the configuration together: %s: %w", k.Name, err)
		}
	}
	if problems = append(problems, c.complete(env, origins, bad)...); problems != nil {
		slices.SortStableFunc(problems, compareProblems)
		return nil, &Error{Problems: problems}
	}
	for _, k := range keys {
		origin := cmp.Or(origins[k.Name], Origin{Layer: FromDefault})
		c.values = append(c.values, Value{Key: k.Name, Text: k.text(c), Origin: origin})
	}
	return c, nil
}

// gather reads the layers in the order in which they override one another.
func gather(o LoadOptions, keys []Key, env map[string]string) (layers [][]given, problems []Problem) {
	if path := fileOf(o, env); path != "" {
		fromFile, wrong := readFile(path, o.Content, keys)
		layers, problems = append(layers, fromFile), append(problems, wrong...)
	}
	fromEnv, wrong := readEnvironment(env, keys)
	layers, problems = append(layers, fromEnv), append(problems, wrong...)
	return append(layers, readFlags(o.Flags, keys)), problems
}

// check says what is wrong with the value, if anything is.
func (g given) check() (p Problem, wrong bool) {
	p = Problem{Origin: g.origin, Key: g.key.Name, Value: g.text, Reason: g.fault}
	secret := g.key.Secret || maybeSecret("", g.text) // perhaps a connection string that landed at the wrong key
	if secret && g.text != "" {
		p.Value = hidden
	}
	if g.fault != "" {
		return p, true
	}
	err := unmeant(g.key, g.text)
	if err == nil {
		err = g.key.parse(&Config{}, g.text)
	}
	if err == nil {
		return Problem{}, false
	}
	p.Reason = "is not allowed; allowed is " + g.key.Allowed
	if err == errSecretPath {
		p.Value = hidden
	}
	// no check of a secret repeats it
	if err != errNotAllowed && (!secret || g.key.Secret || g.key.tells || err == errSecretPath) {
		p.Reason += " (" + err.Error() + ")"
	}
	if g.text == "" {
		p.Reason = "nothing " + p.Reason
	}
	return p, true
}

// absolute is the value; a path in the file that is not absolute begins at the file's folder, whatever the current
// one is. Others begin at the current folder.
func (g given) absolute() string {
	path := strings.TrimSpace(g.text)
	if g.key.Type != "path" || g.origin.Layer != FromFile || path == "" || filepath.IsAbs(path) {
		return g.text
	}
	return filepath.Join(filepath.Dir(g.origin.Name), path)
}

// complete fills in the defaults that depend on the machine or on other keys, and checks what must go together. The
// values of bad keys are not there.
func (c *Config) complete(env map[string]string, origins map[string]Origin, bad map[string]bool) []Problem {
	var problems []Problem
	c.DataDir = cmp.Or(c.DataDir, defaultDataDir(env, runtime.GOOS))
	c.Evt.Dir = cmp.Or(c.Evt.Dir, filepath.Join(c.DataDir, "evt"))
	if c.Site == "" {
		host, err := os.Hostname()
		if c.Site = host; host == "" {
			problems = append(problems, Problem{
				Origin: Origin{Layer: FromDefault}, Key: "site", err: err,
				Reason: "this computer does not know its name; give one with " + envPrefix +
					"SITE, in the file or with --site",
			})
		}
	}
	if c.Backup.Every > 0 && c.Backup.Dir == "" && !bad["backup.dir"] {
		problems = append(problems, Problem{
			Origin: origins["backup.every"], Key: "backup.every",
			Value: durationText(c.Backup.Every), Reason: "says how often, but not where to: give backup.dir",
		})
	}
	problems = append(problems, c.completeHTTP(origins, bad)...)
	problems = append(problems, c.completeForm(origins, bad)...)
	problems = append(problems, c.completeNotify(origins, bad)...)
	problems = append(problems, c.completeFleet(origins, bad)...)
	problems = append(problems, c.completeHub(origins, bad)...)
	return append(problems, c.completeSource(origins, bad)...)
}

// environment is the environment as a map; on Windows the names of variables have no case.
func environment(list []string, goos string) map[string]string {
	env := map[string]string{}
	for _, line := range list {
		name, value, ok := strings.Cut(line, "=")
		if goos == "windows" {
			name = strings.ToUpper(name)
		}
		if ok && value != "" {
			env[name] = value
		}
	}
	return env
}

func readEnvironment(env map[string]string, keys []Key) (values []given, problems []Problem) {
	byName := map[string]*Key{}
	var known []name
	for i := range keys {
		k := &keys[i]
		byName[k.Env()] = k
		known = append(known, name{k.Env(), k})
	}
	for _, variable := range slices.Sorted(maps.Keys(env)) {
		if !strings.HasPrefix(variable, envPrefix) || strings.HasPrefix(variable, testPrefix) ||
			variable == FileVariable {
			continue
		}
		origin := Origin{Layer: FromEnvironment, Name: variable}
		k, others := byName[variable], []name(nil)
		if k == nil {
			k, others = entryOfVariable(variable)
		}
		if k != nil {
			values = append(values, given{key: k, text: env[variable], origin: origin})
		} else {
			problems = append(problems, unknown(origin, variable, env[variable], slices.Concat(known, others)))
		}
	}
	return values, problems
}

// fileOf is the file to read, an absolute path where there is a working directory, or "".
func fileOf(o LoadOptions, env map[string]string) string {
	path := locate(o, env)
	if path == "" {
		return ""
	}
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// locate is the file to read, or "".
func locate(o LoadOptions, env map[string]string) string {
	if path := cmp.Or(o.File, env[FileVariable]); path != "" {
		return path
	}
	places := o.Places
	if places == nil {
		places = standardPlaces(env, runtime.GOOS)
	}
	for _, path := range places {
		// What is there and cannot be read is not passed over in silence.
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return ""
}

// StandardPlaces are the files that are looked for when none is named, the first first; env is as os.Environ
// gives it.
func StandardPlaces(env []string) []string {
	return standardPlaces(environment(env, runtime.GOOS), runtime.GOOS)
}

func standardPlaces(env map[string]string, goos string) []string {
	if goos == "windows" {
		return []string{defaultDataDir(env, goos) + `\` + FileName}
	}
	return []string{"/etc/jobmon-db/" + FileName}
}

func defaultDataDir(env map[string]string, goos string) string {
	if goos == "windows" {
		return cmp.Or(env["PROGRAMDATA"], `C:\ProgramData`) + `\jobmon-db`
	}
	return "/var/lib/jobmon-db"
}
