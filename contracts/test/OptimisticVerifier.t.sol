// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {OptimisticVerifier} from "../src/OptimisticVerifier.sol";
import {Base, Invariant} from "./Base.sol";

contract OptimisticVerifierTest is Base {
    OptimisticVerifier private v;
    address[] private executors;
    uint128 private constant BOND = 1 ether;

    function setUp() public {
        for (uint160 i = 0; i < 3; ++i) executors.push(address(0xE0 + i));
        v = new OptimisticVerifier(JUDGE, 1 days, BOND, executors, 2);
        vm.warp(1_000_000);
        vm.deal(ANN, 10 ether);
        vm.deal(BOB, 10 ether);
    }

    function claimed() private returns (bytes32 id) {
        vm.prank(ANN);
        id = v.claim{value: BOND}("prompt", "data");
    }

    function doubted() private returns (bytes32 id) {
        id = claimed();
        vm.prank(BOB);
        v.challenge{value: BOND}(id);
    }

    function test_NobodyDoubts() public {
        bytes32 id = claimed();
        check(!v.verify("prompt", "data", ""), "the window is not over");
        vm.expectPartialRevert(OptimisticVerifier.TooEarly.selector);
        v.settle(id);
        vm.warp(block.timestamp + 1 days);
        check(!v.verify("prompt", "data", ""), "nor is it settled");
        v.settle(id);
        check(v.verify("prompt", "data", ""), "now it is");
        check(!v.verify("prompt", "other", ""), "and nothing else");
        vm.prank(ANN);
        v.take();
        equal(ANN.balance, 10 ether);
        vm.prank(ANN);
        vm.expectRevert(OptimisticVerifier.NothingToTake.selector);
        v.take();
        vm.prank(ANN);
        vm.expectPartialRevert(OptimisticVerifier.WrongState.selector);
        v.claim{value: BOND}("prompt", "data");
        vm.expectPartialRevert(OptimisticVerifier.WrongState.selector);
        v.settle(id);
    }

    function test_ItCameOutTheSame() public {
        bytes32 id = doubted();
        vm.prank(executors[0]);
        v.vote(id, true);
        vm.prank(executors[0]);
        vm.expectPartialRevert(OptimisticVerifier.VotedAlready.selector);
        v.vote(id, true);
        vm.prank(executors[1]);
        v.vote(id, true);
        check(v.verify("prompt", "data", ""), "accepted");
        equal(v.credit(ANN), 2 * BOND - BOND / 4);
        equal(v.credit(BOB), 0);
        equal(v.credit(executors[0]), BOND / 8); // who re-executes is paid
        equal(v.credit(executors[1]), BOND / 8);
        vm.prank(executors[2]);
        vm.expectPartialRevert(OptimisticVerifier.WrongState.selector);
        v.vote(id, false);
    }

    function test_ItCameOutOtherwise() public {
        bytes32 id = doubted();
        vm.prank(executors[0]);
        v.vote(id, false);
        vm.prank(executors[2]);
        v.vote(id, false);
        check(!v.verify("prompt", "data", ""), "rejected");
        equal(v.credit(BOB), 2 * BOND - BOND / 4);
        // and may be claimed again, with fresh votes and twice the bond
        equal(v.leastBond(id), 2 * BOND);
        vm.prank(ANN);
        vm.expectPartialRevert(OptimisticVerifier.WrongBond.selector);
        v.claim{value: BOND}("prompt", "data");
        vm.prank(ANN);
        v.claim{value: 2 * BOND}("prompt", "data");
        vm.prank(BOB);
        v.challenge{value: 2 * BOND}(id);
        vm.prank(executors[0]);
        v.vote(id, true);
        equal(v.claimOf(id).right, 1);
        equal(v.claimOf(id).round, 2);
    }

    function test_TooFewVote() public {
        bytes32 id = doubted();
        vm.prank(executors[0]);
        v.vote(id, true);
        vm.warp(block.timestamp + 1 days);
        vm.prank(executors[1]);
        vm.expectPartialRevert(OptimisticVerifier.TooLate.selector);
        v.vote(id, true);
        v.settle(id);
        check(!v.verify("prompt", "data", ""), "void");
        equal(v.credit(ANN), BOND);
        equal(v.credit(BOB), BOND - BOND / 4);
        equal(v.credit(executors[0]), BOND / 4);
    }

    /// Doubting everything to hold it up is not free, even if no re-executor comes.
    function test_ADoubtThatIsNotCarriedCostsItsAuthor() public {
        bytes32 id = doubted();
        vm.warp(block.timestamp + 1 days);
        v.settle(id);
        equal(v.credit(ANN), BOND + BOND / 4);
        equal(v.credit(BOB), BOND - BOND / 4);
        equal(v.leastBond(id), BOND);
    }

    /// Where more is at stake, the claimant puts up more, and a doubt has to match it.
    function test_BondsGrowWithWhatIsAtStake() public {
        vm.prank(ANN);
        bytes32 id = v.claim{value: 5 * BOND}("prompt", "data");
        vm.prank(BOB);
        vm.expectPartialRevert(OptimisticVerifier.WrongBond.selector);
        v.challenge{value: BOND}(id);
        vm.prank(BOB);
        v.challenge{value: 5 * BOND}(id);
        vm.prank(executors[0]);
        v.vote(id, false);
        vm.prank(executors[1]);
        v.vote(id, false);
        equal(v.credit(BOB), 10 * BOND - 2 * (5 * BOND / 8));
    }

    function test_NothingIsFree() public {
        vm.expectRevert(OptimisticVerifier.WrongTerms.selector);
        new OptimisticVerifier(JUDGE, 1 days, 0, executors, 2);
        vm.expectRevert(OptimisticVerifier.WrongTerms.selector);
        new OptimisticVerifier(JUDGE, 0, BOND, executors, 2);
        vm.expectRevert(OptimisticVerifier.WrongTerms.selector);
        new OptimisticVerifier(JUDGE, 1 days, BOND, new address[](65), 33);
    }

    function test_WhoMayNot() public {
        bytes32 id = claimed();
        vm.prank(ANN);
        vm.expectPartialRevert(OptimisticVerifier.WrongBond.selector);
        v.claim{value: 1}("p", "d");
        vm.prank(ANN);
        vm.expectRevert(OptimisticVerifier.OwnClaim.selector);
        v.challenge{value: BOND}(id);
        vm.prank(BOB);
        vm.expectPartialRevert(OptimisticVerifier.WrongBond.selector);
        v.challenge{value: 1}(id);
        vm.prank(EVE);
        vm.expectPartialRevert(OptimisticVerifier.NotAnExecutor.selector);
        v.vote(id, true);
        vm.prank(executors[0]);
        vm.expectPartialRevert(OptimisticVerifier.WrongState.selector);
        v.vote(id, true);
        vm.warp(block.timestamp + 1 days);
        vm.prank(BOB);
        vm.expectPartialRevert(OptimisticVerifier.TooLate.selector);
        v.challenge{value: BOND}(id);
        vm.prank(BOB);
        vm.expectPartialRevert(OptimisticVerifier.WrongState.selector);
        v.challenge{value: BOND}(keccak256("none"));
    }

    function test_AnExecutorDoesNotJudgeItsOwn() public {
        vm.deal(executors[0], 1 ether);
        vm.prank(executors[0]);
        bytes32 id = v.claim{value: BOND}("prompt", "data");
        vm.prank(BOB);
        v.challenge{value: BOND}(id);
        vm.prank(executors[0]);
        vm.expectPartialRevert(OptimisticVerifier.NotAnExecutor.selector);
        v.vote(id, true);
    }

    function test_ExecutorsChange() public {
        vm.startPrank(JUDGE);
        v.setExecutor(EVE, true, 3);
        equal(v.executors(), 4);
        v.setExecutor(EVE, true, 3);
        equal(v.executors(), 4);
        vm.expectRevert(OptimisticVerifier.WrongQuorum.selector);
        v.setExecutor(EVE, true, 2);
        v.setExecutor(EVE, false, 2);
        vm.expectRevert(OptimisticVerifier.WrongQuorum.selector);
        v.setExecutor(EVE, false, 0);
        vm.expectRevert(OptimisticVerifier.WrongQuorum.selector);
        v.setExecutor(EVE, false, 4);
        vm.stopPrank();
        vm.expectRevert();
        v.setExecutor(EVE, true, 3);
        executors.push(executors[0]);
        vm.expectRevert(OptimisticVerifier.WrongQuorum.selector);
        new OptimisticVerifier(JUDGE, 1 days, BOND, executors, 3);
    }

    function test_WhoCannotBePaidKeepsItsCredit() public {
        vm.deal(address(this), 1 ether);
        bytes32 id = v.claim{value: BOND}("p", "d");
        vm.warp(block.timestamp + 1 days);
        v.settle(id);
        vm.expectRevert(OptimisticVerifier.PaymentFailed.selector); // this contract takes no money
        v.take();
        equal(v.credit(address(this)), BOND);
    }
}

/// Random claims, doubts, votes and settlements; what the verifier owes never exceeds what it holds, and nothing is verified that is not settled.
contract VerifierInvariant is Invariant {
    OptimisticVerifier public v;
    Hands public hands;

    function setUp() public {
        address[] memory executors = new address[](3);
        for (uint160 i = 0; i < 3; ++i) executors[i] = address(0xE0 + i);
        v = new OptimisticVerifier(JUDGE, 1 days, 1 ether, executors, 2);
        hands = new Hands(v);
        target = address(hands);
    }

    function invariant_BondsAreCovered() public view {
        uint256 owed = 0;
        for (uint160 i = 0; i < 4; ++i) owed += v.credit(address(0xF0 + i));
        for (uint160 i = 0; i < 3; ++i) owed += v.credit(address(0xE0 + i));
        for (uint256 i = 0; i < 5; ++i) {
            bytes memory p = abi.encode(i);
            bytes32 id = keccak256(abi.encode(keccak256(p), keccak256("d")));
            OptimisticVerifier.Claim memory c = v.claimOf(id);
            if (c.state == OptimisticVerifier.State.waiting) owed += c.bond;
            if (c.state == OptimisticVerifier.State.disputed) owed += 2 * c.bond;
            bool settled = c.state == OptimisticVerifier.State.accepted;
            check(v.verify(p, "d", "") == settled, "verified only if accepted");
            if (settled && c.challenger == address(0)) check(block.timestamp >= c.ends, "and its window is over");
            if (settled && c.challenger != address(0)) check(c.right >= v.quorum(), "or a quorum found it right");
        }
        equal(owed, address(v).balance);
    }
}

contract Hands is Base {
    OptimisticVerifier private v;

    constructor(OptimisticVerifier v_) {
        v = v_;
    }

    function who(uint256 x) private pure returns (address) {
        return address(uint160(0xF0 + x % 4));
    }

    function idOf(uint256 x) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(x % 5)), keccak256("d")));
    }

    function claim(uint256 x, uint256 y) external {
        uint256 least = v.leastBond(idOf(x)) + x % 3;
        vm.deal(who(y), least);
        vm.prank(who(y));
        try v.claim{value: least}(abi.encode(x % 5), "d") {} catch {}
    }

    function challenge(uint256 x, uint256 y) external {
        uint256 same = v.claimOf(idOf(x)).bond;
        vm.deal(who(y), same);
        vm.prank(who(y));
        try v.challenge{value: same}(idOf(x)) {} catch {}
    }

    function vote(uint256 x, uint256 y, bool right) external {
        vm.prank(address(uint160(0xE0 + y % 3)));
        try v.vote(idOf(x), right) {} catch {}
    }

    function settle(uint256 x, uint256 later) external {
        vm.warp(block.timestamp + later % 2 days);
        try v.settle(idOf(x)) {} catch {}
    }

    function take(uint256 y) external {
        vm.prank(who(y));
        try v.take() {} catch {}
    }
}
