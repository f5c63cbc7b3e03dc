package env

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/plugins"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/survey"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

// Machine has what is known before anything is fetched or built: what is there, and whether
// Pulumi's releases of what is missing can be had.
type Machine struct {
	Engine  pulumicli.Engine
	Plugins map[string]plugins.Found // by name
	Vault   vaultserver.Choice

	releases pulumicli.Releases
	problems map[string]error // of each release that is missing and can't be had, by address
}

// Look finds out what there is. It requests the release of what is missing, all at
// once and within two seconds, so that nothing waits for one later.
func Look(ctx context.Context, b *build.Builder, releases pulumicli.Releases) (Machine, error) {
	vault, err := vaultserver.Choose(ctx, b.Layout)
	if err != nil {
		return Machine{}, err
	}
	m := Machine{Engine: pulumicli.Find(ctx, b), Plugins: map[string]plugins.Found{}, Vault: vault, releases: releases}
	var addresses []string
	if m.Engine.Path == "" {
		addresses = append(addresses, releases.Engine())
	}
	for _, plugin := range plugins.Plugins {
		found, err := plugin.Find(b)
		if err != nil {
			return Machine{}, err
		}
		m.Plugins[plugin.Name] = found
		if found.Missing() {
			addresses = append(addresses, releases.Plugin(plugin.Name, found.Version))
		}
	}
	m.problems = releases.Client.Check(ctx, addresses...)
	return m, nil
}

// EngineReleases returns from where the missing engine can be downloaded; nil if it can't
// be.
func (m Machine) EngineReleases() *pulumicli.Releases { return m.at(m.releases.Engine()) }

// PluginReleases returns from where a missing plugin can be downloaded; nil if it can't be.
func (m Machine) PluginReleases(p plugins.Plugin) *pulumicli.Releases {
	return m.at(m.releases.Plugin(p.Name, m.Plugins[p.Name].Version))
}

func (m Machine) at(address string) *pulumicli.Releases {
	if m.problems[address] != nil {
		return nil
	}
	return &m.releases
}

// CheckStandIns fails if the machine lacks what a stand-in requires that will be used.
func (m Machine) CheckStandIns(ctx context.Context, b *build.Builder) error {
	for _, plugin := range plugins.Plugins {
		found := m.Plugins[plugin.Name]
		if !found.StandIn && (!found.Missing() || m.PluginReleases(plugin) != nil) {
			continue
		}
		if err := plugin.CheckStandIn(ctx, nil, b); err != nil {
			return fmt.Errorf("the official %s plugin can't be had (%v), and its stand-in can't run: %w",
				plugin.Name, m.reason(m.releases.Plugin(plugin.Name, found.Version)), err)
		}
	}
	return nil
}

// reason says why a release isn't downloaded: it was not requested where a stand-in was
// built before.
func (m Machine) reason(address string) string {
	if err := m.problems[address]; err != nil {
		return err.Error()
	}
	return "its stand-in was built before"
}

// Needs returns the parts of the sandbox with what was found of each.
func (m Machine) Needs(b Build) []survey.Need {
	needs := m.engineNeeds()
	for _, plugin := range plugins.Plugins {
		needs = append(needs, m.pluginNeed(plugin))
	}
	fresh := func(name string, is bool) survey.Need {
		if is {
			return survey.Need{Name: name, Fresh: "compiled before"}
		}
		return survey.Need{Name: name}
	}
	return append(needs,
		fresh(survey.Program, b.compiled(survey.Program)),
		fresh(survey.Lambdas, b.compiled(survey.Lambdas)),
		b.vaultNeed(m.Vault),
		fresh(survey.Kubernetes, b.Built(kubernetesserver.Program)),
		b.pythonNeed(),
	)
}

func (m Machine) engineNeeds() []survey.Need {
	engine, host := survey.Need{Name: survey.Engine}, survey.Need{Name: survey.LanguageHost}
	version := strings.TrimPrefix(m.Engine.Version, "v")
	switch {
	case m.Engine.Installed:
		engine.Installed, host.Installed = version+", "+short(m.Engine.Path), "the engine's"
	case m.Engine.Path != "":
		engine.Fresh, host.Fresh = version+", "+m.Engine.Origin(), "the engine's"
	case m.EngineReleases() != nil:
		engine.Download, host.Download = strings.TrimPrefix(pulumicli.Version, "v"), "the engine's"
	default:
		why := m.problems[m.releases.Engine()].Error()
		engine.Unavailable, host.Unavailable = why, why
	}
	return []survey.Need{engine, host}
}

func (m Machine) pluginNeed(p plugins.Plugin) survey.Need {
	found, need := m.Plugins[p.Name], survey.Need{Name: p.Name + " plugin"}
	version := strings.TrimPrefix(found.Version, "v")
	switch {
	case found.Installed != "":
		home := filepath.Dir(filepath.Dir(filepath.Dir(found.Installed))) // of Pulumi
		need.Installed = version + ", " + short(home)
	case found.Official:
		need.Fresh = version + ", downloaded before"
	case found.StandIn:
		need.Fresh = "stand-in, compiled before"
	case m.PluginReleases(p) != nil:
		need.Download = version
	default:
		need.Unavailable = m.problems[m.releases.Plugin(p.Name, found.Version)].Error()
	}
	return need
}

func (b Build) pythonNeed() survey.Need {
	need := survey.Need{Name: survey.PythonPackages}
	if b.venvBuilt(checkout.CloudVenv, awsRequirements) && b.venvBuilt(checkout.ProofVenv, clientRequirements) {
		need.Fresh = "installed before"
	} else {
		need.Package = "of the AWS server and the tests"
	}
	return need
}

// short returns a path as people write it.
func short(path string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	if below, found := strings.CutPrefix(path, home+string(filepath.Separator)); found {
		return filepath.Join("~", below)
	}
	return path
}

// vaultNeed returns the need of the Vault server that was chosen.
func (b Build) vaultNeed(choice vaultserver.Choice) survey.Need {
	need := survey.Need{Name: survey.Vault}
	switch {
	case choice.Origin == vaultserver.Installed:
		need.Installed = choice.String()
	case choice.Prepared(b.Builder, b.Tools["python3"]):
		need.Fresh = choice.String()
	case choice.Origin == vaultserver.Packaged:
		need.Package = choice.String()
	}
	return need
}
