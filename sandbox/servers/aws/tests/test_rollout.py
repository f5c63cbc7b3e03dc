import unittest

from gatehouse_cloud.fidelity.cloudfront.rollout import Rollout

EDGES, SECONDS = 4, 10.0


def seen(rollout: Rollout, now: float) -> list[str | None]:
    return [rollout.config_at(edge, now) for edge in range(EDGES)]


class RolloutTest(unittest.TestCase):
    def deployed(self) -> Rollout:
        rollout = Rollout()
        rollout.begin("1", "1", EDGES, 0, 0)
        return rollout

    def test_the_first_deployment_reaches_edge_after_edge(self):
        rollout = Rollout()
        rollout.begin("1", "1", EDGES, SECONDS, 0)
        self.assertEqual([seen(rollout, at).count("1") for at in (0, 3, 4, 7, 9.9, 10)], [1, 1, 2, 3, 3, 4])
        self.assertEqual([rollout.deployed(at) for at in (0, 9.9, 10)], [False, False, True])

    def test_an_update_leaves_the_old_configuration_until_an_edge_switches(self):
        rollout = self.deployed()
        rollout.begin("2", "2", EDGES, SECONDS, 100)
        self.assertEqual(sorted(seen(rollout, 105)), ["1", "1", "2", "2"])
        self.assertEqual(rollout.edges_on_newest(105), 2)
        self.assertEqual(seen(rollout, 110), ["2"] * EDGES)

    def test_overlapping_updates_never_take_an_edge_back(self):
        for _ in range(50):
            rollout = self.deployed()
            newest = [0] * EDGES
            for step in range(400):
                now = 100 + step / 10
                if step % 30 == 0:
                    rollout.begin(str(step), str(100 + step), EDGES, SECONDS if step % 60 else SECONDS / 5, now)
                current = [int(config) for config in seen(rollout, now)]
                self.assertTrue(all(after >= before for before, after in zip(newest, current)))
                newest = current

    def test_deployed_means_every_edge_has_the_newest(self):
        rollout = self.deployed()
        rollout.begin("2", "2", EDGES, SECONDS, 100)
        rollout.begin("3", "3", EDGES, 1, 101)  # overtakes
        self.assertFalse(rollout.deployed(101.9))
        self.assertTrue(rollout.deployed(102))
        self.assertEqual(seen(rollout, 102), ["3"] * EDGES)

    def test_only_configurations_that_an_edge_may_use_are_kept(self):
        rollout = self.deployed()
        for number in range(2, 20):
            rollout.begin(str(number), str(number), EDGES, 1, number * 100)
        self.assertEqual(len(rollout.updates), 2)

    def test_a_single_edge_switches_when_the_deployment_ends(self):
        rollout = Rollout()
        rollout.begin("1", "1", 1, 0, 0)
        rollout.begin("2", "2", 1, 5, 10)
        self.assertEqual([rollout.config_at(0, at) for at in (10, 14.9, 15)], ["1", "1", "2"])
