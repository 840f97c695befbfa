// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {BountyBoard} from "../src/BountyBoard.sol";
import {MediaGov, MediaTimelock, MediaToken} from "../src/MediaGov.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Base} from "./Base.sol";

contract MediaGovTest is Base {
    MediaToken private token;
    MediaTimelock private timelock;
    MediaGov private gov;
    BountyBoard private board = new BountyBoard();

    function setUp() public {
        vm.warp(1_000_000);
        address[] memory holders = new address[](3);
        (holders[0], holders[1], holders[2]) = (ANN, BOB, address(this));
        uint256[] memory amounts = new uint256[](3);
        (amounts[0], amounts[1], amounts[2]) = (600, 300, 100);
        token = new MediaToken("Media", "MEDIA", holders, amounts);
        address[] memory none = new address[](0);
        address[] memory anybody = new address[](1);
        timelock = new MediaTimelock(1 days, none, anybody, address(this));
        gov = new MediaGov(token, timelock, 1 days, 3 days, 50, 30);
        timelock.grantRole(timelock.PROPOSER_ROLE(), address(gov));
        timelock.grantRole(timelock.CANCELLER_ROLE(), address(gov));
        timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), address(this));
        token.transfer(address(timelock), 100);
        vm.prank(ANN);
        token.delegate(ANN);
        vm.prank(BOB);
        token.delegate(BOB);
        vm.warp(block.timestamp + 10);
    }

    /// What a proposal's text has to end with.
    function by(string memory words, address proposer) private pure returns (string memory) {
        return string.concat(words, "#proposer=", Strings.toHexString(proposer));
    }

    function hashOf(string memory words, address proposer) private pure returns (bytes32) {
        return keccak256(bytes(by(words, proposer)));
    }

    function calls() private view returns (address[] memory targets, uint256[] memory values, bytes[] memory data) {
        uint256[] memory amounts = new uint256[](1);
        amounts[0] = 100;
        targets = new address[](2);
        values = new uint256[](2);
        data = new bytes[](2);
        (targets[0], targets[1]) = (address(token), address(board));
        data[0] = abi.encodeCall(token.approve, (address(board), 100));
        data[1] = abi.encodeCall(board.open, (BountyBoard.Terms(token, amounts, EVE, JUDGE, uint64(block.timestamp + 60 days), 1 days, "")));
    }

    function test_AVoteFundsAGrant() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory data) = calls();
        vm.prank(ANN);
        uint256 id = gov.propose(targets, values, data, by("fund Eve", ANN));
        equal(gov.proposalThreshold(), 50);
        vm.warp(block.timestamp + 1 days + 1);
        vm.prank(ANN);
        gov.castVote(id, 1);
        vm.prank(BOB);
        gov.castVote(id, 0);
        vm.warp(block.timestamp + 3 days);
        check(gov.proposalNeedsQueuing(id), "it has to wait");
        gov.queue(targets, values, data, hashOf("fund Eve", ANN));
        vm.expectRevert();
        gov.execute(targets, values, data, hashOf("fund Eve", ANN));
        vm.warp(block.timestamp + 1 days + 1);
        gov.execute(targets, values, data, hashOf("fund Eve", ANN));
        equal(uint256(gov.state(id)), 7);
        equal(board.remaining(0), 100);
        equal(token.balanceOf(address(board)), 100);
    }

    function test_WithoutAQuorumNothingHappens() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory data) = calls();
        vm.prank(BOB);
        uint256 id = gov.propose(targets, values, data, by("x", BOB));
        vm.warp(block.timestamp + 5 days);
        equal(uint256(gov.state(id)), 3);
        vm.expectRevert();
        gov.queue(targets, values, data, hashOf("x", BOB));
        vm.prank(BOB);
        id = gov.propose(targets, values, data, by("y", BOB));
        vm.prank(BOB);
        gov.cancel(targets, values, data, hashOf("y", BOB));
        equal(uint256(gov.state(id)), 2);
    }

    function test_OnlyTheTimelockMoves() public {
        bytes32 proposer = timelock.PROPOSER_ROLE();
        vm.prank(EVE);
        vm.expectRevert();
        timelock.grantRole(proposer, EVE);
        vm.prank(EVE);
        vm.expectRevert();
        gov.updateQuorumNumerator(1);
        address[] memory targets = new address[](1);
        uint256[] memory values = new uint256[](1);
        bytes[] memory data = new bytes[](1);
        targets[0] = address(token);
        vm.prank(EVE);
        vm.expectRevert(); // too few votes to propose
        gov.propose(targets, values, data, by("mine", EVE));
    }

    /// Whoever sees a proposal coming cannot bring it first and call it off: the text names who brings it.
    function test_AProposalBelongsToItsProposer() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory data) = calls();
        string memory text = by("fund Eve", ANN);
        vm.prank(BOB);
        vm.expectPartialRevert(IGovernor.GovernorRestrictedProposer.selector);
        gov.propose(targets, values, data, text);
        vm.prank(BOB);
        vm.expectPartialRevert(IGovernor.GovernorRestrictedProposer.selector);
        gov.propose(targets, values, data, "fund Eve");
        vm.prank(BOB);
        vm.expectPartialRevert(IGovernor.GovernorRestrictedProposer.selector);
        gov.propose(targets, values, data, "");
        vm.prank(ANN);
        uint256 id = gov.propose(targets, values, data, text);
        vm.prank(BOB);
        vm.expectRevert();
        gov.cancel(targets, values, data, keccak256(bytes(text)));
        equal(uint256(gov.state(id)), 0);
    }

    /// Without votes nobody proposes, neither at the start nor by a later vote.
    function test_ProposingAlwaysTakesVotes() public {
        vm.expectRevert(MediaGov.ThresholdIsZero.selector);
        new MediaGov(token, timelock, 1 days, 3 days, 0, 30);
        address[] memory targets = new address[](1);
        uint256[] memory values = new uint256[](1);
        bytes[] memory data = new bytes[](1);
        (targets[0], data[0]) = (address(gov), abi.encodeCall(gov.setProposalThreshold, (0)));
        vm.prank(ANN);
        uint256 id = gov.propose(targets, values, data, by("all may propose", ANN));
        vm.warp(block.timestamp + 1 days + 1);
        vm.prank(ANN);
        gov.castVote(id, 1);
        vm.warp(block.timestamp + 3 days);
        gov.queue(targets, values, data, hashOf("all may propose", ANN));
        vm.warp(block.timestamp + 1 days + 1);
        vm.expectRevert(MediaGov.ThresholdIsZero.selector);
        gov.execute(targets, values, data, hashOf("all may propose", ANN));
    }

    /// A quorum that is reached in the last minute leaves time to answer.
    function test_ALateQuorumLeavesTimeToAnswer() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory data) = calls();
        vm.prank(BOB);
        uint256 id = gov.propose(targets, values, data, by("late", BOB));
        uint256 ends = gov.proposalDeadline(id);
        vm.warp(ends - 60);
        vm.prank(BOB);
        gov.castVote(id, 1); // 300 of 1000: the quorum
        equal(gov.proposalDeadline(id), ends - 60 + 3 days / 4);
        vm.warp(ends + 12 hours);
        vm.prank(ANN);
        gov.castVote(id, 0);
        vm.warp(ends + 3 days);
        equal(uint256(gov.state(id)), 3);
    }

    function test_Token() public {
        check(keccak256(bytes(token.CLOCK_MODE())) == keccak256("mode=timestamp"), "by time");
        equal(token.nonces(ANN), 0);
        equal(token.totalSupply(), 1000);
        vm.expectRevert(MediaToken.WrongShares.selector);
        new MediaToken("M", "M", new address[](0), new uint256[](0));
        vm.expectRevert(MediaToken.WrongShares.selector);
        new MediaToken("M", "M", new address[](1), new uint256[](2));
    }
}
