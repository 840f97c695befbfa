// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IVerifier} from "./IERC7007.sol";

/// @title "This prompt makes this content", settled by waiting and, if somebody doubts it, by making it again
/// @notice A claim carries a bond and waits for the window. Whoever doubts it puts up the same bond; then the re-executors, who run the engine on the receipt, vote.
/// If enough of them find the content right, the doubter's bond goes to the claimant; if enough find it wrong, the claimant's goes to the doubter. A quarter of
/// the bond that is lost goes to those who voted. If too few vote in time, the claim is void and the claimant takes the bond back; a doubt that was not carried
/// costs its author that quarter. Whoever claims more may put up more than the least bond, and a doubt has to match it; a claim that was found wrong has to
/// put up twice as much to be made again. This is an optimistic verifier: it trusts that one honest party looks, and the re-executors.
contract OptimisticVerifier is IVerifier, Ownable2Step {
    enum State {
        none,
        waiting,
        disputed,
        accepted,
        rejected,
        void_
    }

    struct Claim {
        address claimant;
        uint64 ends;
        State state;
        address challenger;
        uint16 right;
        uint16 wrong;
        uint32 round;
        uint128 bond;
    }

    /// @notice How long a claim waits, and how long the re-executors have.
    uint64 public immutable window;
    /// @notice What a claim puts up at least in its first round.
    uint128 public immutable bond;
    /// @notice This part of the bond that is lost pays the re-executors.
    uint256 public constant EXECUTORS_PART = 4;
    /// @notice So many re-executors there are at most.
    uint16 public constant MAX_EXECUTORS = 64;
    /// @notice So many equal votes settle a dispute.
    uint16 public quorum;
    /// @notice How many re-executors there are.
    uint16 public executors;

    mapping(bytes32 id => Claim) private _claims;
    mapping(address => bool) public isExecutor;
    mapping(bytes32 id => mapping(uint32 round => mapping(address => bool))) private _voted;
    mapping(bytes32 id => mapping(uint32 round => address[])) private _voters;
    /// @notice What somebody may take out.
    mapping(address => uint256) public credit;

    /// @notice A claim waits for its window.
    event Claimed(bytes32 indexed id, address indexed claimant, bytes prompt, bytes aigcData, uint64 ends);
    /// @notice A claim is doubted; the re-executors have until `ends`.
    event Challenged(bytes32 indexed id, address indexed challenger, uint64 ends);
    /// @notice A re-executor made it again.
    event Voted(bytes32 indexed id, address indexed executor, bool right);
    /// @notice A claim is settled.
    event Settled(bytes32 indexed id, State state);
    /// @notice The re-executors changed.
    event ExecutorsChanged(address indexed executor, bool added, uint16 quorum);

    error WrongBond(uint256 paid, uint256 bond);
    error WrongState(bytes32 id, State state);
    error TooEarly(uint64 ends);
    error TooLate(uint64 ends);
    error NotAnExecutor(address caller);
    error VotedAlready(address caller);
    error WrongQuorum();
    error NothingToTake();
    error PaymentFailed();
    error OwnClaim();
    error WrongTerms();

    constructor(address owner_, uint64 window_, uint128 bond_, address[] memory executors_, uint16 quorum_) Ownable(owner_) {
        if (bond_ == 0 || window_ == 0 || executors_.length > MAX_EXECUTORS) revert WrongTerms();
        window = window_;
        bond = bond_;
        for (uint256 i = 0; i < executors_.length; ++i) {
            if (isExecutor[executors_[i]]) revert WrongQuorum();
            isExecutor[executors_[i]] = true;
        }
        executors = uint16(executors_.length);
        _setQuorum(quorum_);
    }

    /// @notice The id of a claim.
    function idOf(bytes calldata prompt, bytes calldata aigcData) public pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(prompt), keccak256(aigcData)));
    }

    /// @notice Claims that a prompt makes this content. A claim that came out void or rejected may be made again.
    /// The more depends on it, the more the claimant should put up: a doubt pays, or costs, the same.
    function claim(bytes calldata prompt, bytes calldata aigcData) external payable returns (bytes32 id) {
        id = idOf(prompt, aigcData);
        Claim storage c = _claims[id];
        if (c.state != State.none && c.state != State.void_ && c.state != State.rejected) revert WrongState(id, c.state);
        uint256 least = leastBond(id);
        if (msg.value < least || msg.value > type(uint128).max) revert WrongBond(msg.value, least);
        uint64 ends = uint64(block.timestamp) + window;
        uint32 round = c.round + 1;
        _claims[id] = Claim(msg.sender, ends, State.waiting, address(0), 0, 0, round, uint128(msg.value));
        emit Claimed(id, msg.sender, prompt, aigcData, ends);
    }

    /// @notice What a claim has to put up now: twice as much as in the round before if that found it wrong, up to a thousand times the first.
    function leastBond(bytes32 id) public view returns (uint256) {
        Claim storage c = _claims[id];
        if (c.state != State.rejected) return bond;
        uint256 most = uint256(bond) << 10;
        return 2 * uint256(c.bond) < most ? 2 * uint256(c.bond) : most;
    }

    /// @notice Doubts a claim within its window, with the same bond.
    function challenge(bytes32 id) external payable {
        Claim storage c = _claims[id];
        if (c.state != State.waiting) revert WrongState(id, c.state);
        if (block.timestamp >= c.ends) revert TooLate(c.ends);
        if (msg.value != c.bond) revert WrongBond(msg.value, c.bond);
        if (msg.sender == c.claimant) revert OwnClaim();
        c.state = State.disputed;
        c.challenger = msg.sender;
        c.ends = uint64(block.timestamp) + window;
        emit Challenged(id, msg.sender, c.ends);
    }

    /// @notice A re-executor says whether the content came out the same. Parties to a claim do not vote on it.
    function vote(bytes32 id, bool right) external {
        Claim storage c = _claims[id];
        if (!isExecutor[msg.sender] || msg.sender == c.claimant || msg.sender == c.challenger) revert NotAnExecutor(msg.sender);
        if (c.state != State.disputed) revert WrongState(id, c.state);
        if (block.timestamp >= c.ends) revert TooLate(c.ends);
        if (_voted[id][c.round][msg.sender]) revert VotedAlready(msg.sender);
        _voted[id][c.round][msg.sender] = true;
        _voters[id][c.round].push(msg.sender);
        emit Voted(id, msg.sender, right);
        if (right) {
            if (++c.right >= quorum) _settle(id, c, State.accepted, c.claimant, 2 * uint256(c.bond) - _pay(id, c));
        } else if (++c.wrong >= quorum) {
            _settle(id, c, State.rejected, c.challenger, 2 * uint256(c.bond) - _pay(id, c));
        }
    }

    /// @notice Ends a claim whose time is over.
    function settle(bytes32 id) external {
        Claim storage c = _claims[id];
        if (c.state != State.waiting && c.state != State.disputed) revert WrongState(id, c.state);
        if (block.timestamp < c.ends) revert TooEarly(c.ends);
        if (c.state == State.waiting) {
            _settle(id, c, State.accepted, c.claimant, c.bond);
        } else {
            // The doubt was not carried: the part that would have paid the re-executors is lost, to those who voted or else to the claimant.
            uint256 cost = uint256(c.bond) / EXECUTORS_PART;
            credit[c.challenger] += c.bond - cost;
            _settle(id, c, State.void_, c.claimant, c.bond + cost - _pay(id, c));
        }
    }

    /// @notice Takes out what one has coming.
    function take() external {
        uint256 amount = credit[msg.sender];
        if (amount == 0) revert NothingToTake();
        credit[msg.sender] = 0;
        (bool paid,) = msg.sender.call{value: amount}("");
        if (!paid) revert PaymentFailed();
    }

    /// @notice Adds or removes a re-executor.
    function setExecutor(address executor, bool added, uint16 quorum_) external onlyOwner {
        if (isExecutor[executor] != added) {
            if (added && executors >= MAX_EXECUTORS) revert WrongTerms();
            isExecutor[executor] = added;
            executors = added ? executors + 1 : executors - 1;
        }
        _setQuorum(quorum_);
        emit ExecutorsChanged(executor, added, quorum_);
    }

    /// @inheritdoc IVerifier
    /// @dev True only for claims that were settled as accepted: their window is over and no dispute is open.
    function verify(bytes calldata prompt, bytes calldata aigcData, bytes calldata) external view returns (bool) {
        return _claims[idOf(prompt, aigcData)].state == State.accepted;
    }

    /// @notice What is known of a claim.
    function claimOf(bytes32 id) external view returns (Claim memory) {
        return _claims[id];
    }

    /// @dev Divides the re-executors' part of one bond among those who voted in this round. Returns what was paid.
    function _pay(bytes32 id, Claim storage c) private returns (uint256 paid) {
        address[] storage voters = _voters[id][c.round];
        if (voters.length == 0) return 0;
        // What does not divide stays with the bond: each is paid whole units, and what is returned is the sum of those.
        // slither-disable-start divide-before-multiply
        uint256 each = uint256(c.bond) / EXECUTORS_PART / voters.length;
        for (uint256 i = 0; i < voters.length; ++i) credit[voters[i]] += each;
        return each * voters.length;
        // slither-disable-end divide-before-multiply
    }

    function _settle(bytes32 id, Claim storage c, State state, address winner, uint256 amount) private {
        c.state = state;
        credit[winner] += amount;
        emit Settled(id, state);
    }

    function _setQuorum(uint16 quorum_) private {
        // More than half, so that two opposite quorums cannot both be there.
        if (quorum_ == 0 || quorum_ > executors || 2 * uint256(quorum_) <= executors) revert WrongQuorum();
        quorum = quorum_;
    }
}
