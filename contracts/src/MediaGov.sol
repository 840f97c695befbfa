// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl, TimelockController} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes, IVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title A community's votes and money
/// @notice A fixed supply, handed out at the start; votes are counted by time (ERC-6372), not by blocks.
contract MediaToken is ERC20, ERC20Permit, ERC20Votes {
    error WrongShares();

    constructor(string memory name_, string memory symbol_, address[] memory holders, uint256[] memory amounts)
        ERC20(name_, symbol_)
        ERC20Permit(name_)
    {
        if (holders.length == 0 || holders.length != amounts.length) revert WrongShares();
        for (uint256 i = 0; i < holders.length; ++i) _mint(holders[i], amounts[i]);
    }

    /// @notice The time that votes are counted by.
    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @notice How that time is written (ERC-6372).
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @notice The next nonce of an owner, for permits and votes by signature.
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}

/// @title A community that decides by vote
/// @notice OpenZeppelin's Governor with a timelock that holds the treasury; only what passed a vote and waited runs.
/// A proposal's text ends in "#proposer=0x…" (small letters), so that nobody else can bring it and call it off; proposing always takes votes; a quorum that is
/// reached late leaves at least a quarter of the voting period to answer.
contract MediaGov is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl,
    GovernorPreventLateQuorum
{
    error ThresholdIsZero();

    constructor(IVotes token_, TimelockController timelock_, uint48 delay, uint32 period, uint256 threshold, uint256 quorumPercent)
        Governor("Ptah MediaGov")
        GovernorSettings(delay, period, threshold)
        GovernorVotes(token_)
        GovernorVotesQuorumFraction(quorumPercent)
        GovernorTimelockControl(timelock_)
        GovernorPreventLateQuorum(uint48(period / 4))
    {}

    /// @notice The stage of a proposal.
    function state(uint256 proposalId) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    /// @notice Whether a proposal waits in the timelock before it runs.
    function proposalNeedsQueuing(uint256 proposalId) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    /// @notice Votes needed to propose.
    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    /// @notice When voting on a proposal ends; later if its quorum was reached late.
    function proposalDeadline(uint256 proposalId) public view override(Governor, GovernorPreventLateQuorum) returns (uint256) {
        return super.proposalDeadline(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    /// @dev With a threshold of 0 whoever sees a proposal coming could bring it first and call it off.
    function _setProposalThreshold(uint256 threshold) internal override {
        if (threshold == 0) revert ThresholdIsZero();
        super._setProposalThreshold(threshold);
    }

    /// @dev OpenZeppelin's leaves the choice to the proposer; here every text names who brings it.
    function _isValidDescriptionForProposer(address proposer, string memory description) internal pure override returns (bool) {
        bytes memory text = bytes(description);
        bytes memory end = bytes(string.concat("#proposer=", Strings.toHexString(proposer)));
        if (text.length < end.length) return false;
        for (uint256 i = 0; i < end.length; ++i) {
            if (text[text.length - end.length + i] != end[i]) return false;
        }
        return true;
    }

    function _queueOperations(uint256 id, address[] memory targets, uint256[] memory values, bytes[] memory calls, bytes32 description)
        internal
        override(Governor, GovernorTimelockControl)
        returns (uint48)
    {
        return super._queueOperations(id, targets, values, calls, description);
    }

    function _executeOperations(uint256 id, address[] memory targets, uint256[] memory values, bytes[] memory calls, bytes32 description)
        internal
        override(Governor, GovernorTimelockControl)
    {
        super._executeOperations(id, targets, values, calls, description);
    }

    function _cancel(address[] memory targets, uint256[] memory values, bytes[] memory calls, bytes32 description)
        internal
        override(Governor, GovernorTimelockControl)
        returns (uint256)
    {
        return super._cancel(targets, values, calls, description);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}

/// @title The timelock of a community
/// @dev OpenZeppelin's, named here so that its bytecode is built with the rest.
contract MediaTimelock is TimelockController {
    constructor(uint256 delay, address[] memory proposers, address[] memory executors, address admin)
        TimelockController(delay, proposers, executors, admin)
    {}
}
